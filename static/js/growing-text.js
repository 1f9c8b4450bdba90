// A text that grows: what is new is added at its end, in blocks, so that a long one is not laid out anew each time.
const BLOCK = 4000;
// A block without a line's end is cut after this many characters.
const LONGEST = 8000;
const EDGE = 8;

// Control characters other than tab and line end, and what turns the direction of text.
const UNPRINTABLE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g;

export class GrowingText {
  constructor(element) {
    this.element = element;
    this.clear();
    this.follows = true;
    // Follows its end, unless the reader scrolled up.
    element.addEventListener("scroll", () => {
      this.follows = element.scrollTop + element.clientHeight > element.scrollHeight - EDGE;
    }, { passive: true });
  }

  clear() {
    this.element.replaceChildren();
    this.blocks = [];
    this.shown = "";
    this.gone = 0;
  }

  // Shows at most `most` new characters of the text, which lost `gone` at its start; how many it showed.
  show(text, gone, most) {
    const kept = this.shown.slice(Math.max(gone - this.gone, 0));
    if (gone < this.gone || (gone > this.gone && kept === "") || !text.startsWith(kept)) this.clear();
    else this.shown = kept;
    this.gone = gone;
    const more = text.slice(this.shown.length, this.shown.length + most);
    if (!more) return 0;
    this.shown += more;
    this.add(more.replace(UNPRINTABLE, ""));
    this.drop();
    if (this.follows) this.element.scrollTop = this.element.scrollHeight;
    return more.length;
  }

  add(more) {
    for (let rest = more; rest;) {
      let block = this.blocks.at(-1);
      if (!block || block.full) {
        block = { node: document.createTextNode(""), element: document.createElement("div") };
        block.element.append(block.node);
        this.element.append(block.element);
        this.blocks.push(block);
      }
      const room = Math.max(BLOCK - block.node.length, 0);
      const most = LONGEST - block.node.length;
      const end = rest.slice(0, most).indexOf("\n", room) + 1;
      block.full = end > 0 || rest.length > most;
      const taken = end || Math.min(rest.length, most);
      block.node.appendData(rest.slice(0, taken));
      rest = rest.slice(taken);
    }
  }

  // Whole blocks of what is gone; what has been sorted out counts as not there.
  drop() {
    let over = this.blocks.reduce((all, block) => all + block.node.length, 0) - this.shown.length;
    while (this.blocks.length > 1 && over >= this.blocks[0].node.length) {
      const block = this.blocks.shift();
      over -= block.node.length;
      block.element.remove();
    }
  }
}
