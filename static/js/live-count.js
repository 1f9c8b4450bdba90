// How many rows there were, each once, though a row that went may be fetched again. A stream brings none twice; of those from
// pages only their moment tells whether they are new.
import { timeOf } from "./live-pages.js";

const LAST = "~";

// As text, since it is finer than a number. Events have none in their address; all of them come through the stream.
function momentOf({ key }) {
  return Number.isNaN(timeOf(key)) ? "" : key.slice(0, key.lastIndexOf("-"));
}

export class Count {
  constructor(all, rows) {
    this.all = all;
    // From and to when rows from pages have been counted, and when those of the stream begin.
    [this.from, this.to, this.stream] = [LAST, "", LAST];
    this.reach([...rows.entries.values()].map(momentOf));
  }

  reach(moments) {
    for (const moment of moments) {
      if (moment && moment < this.from) this.from = moment;
      if (moment > this.to) this.to = moment;
    }
  }

  streamed(entry) {
    this.all += 1;
    const moment = momentOf(entry);
    if (moment && moment < this.stream) this.stream = moment;
  }

  // `hidden` rows came with them that the filters do not want.
  paged(entries, hidden) {
    const moments = entries.map(momentOf);
    const fresh = moments.filter((moment) => moment && (moment < this.from || (moment > this.to && moment < this.stream)));
    this.reach(fresh);
    this.all += fresh.length + (fresh.length || !entries.length ? hidden : 0);
  }
}
