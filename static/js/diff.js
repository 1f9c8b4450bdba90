// Marks the lines of a text that are new since the one before.
const MOST_STEPS = 1_000_000;

// How many lines at the start of both are equal.
function common(before, after) {
  const most = Math.min(before.length, after.length);
  let number = 0;
  while (number < most && before[number] === after[number]) number += 1;
  return number;
}

// The longest common sequence of lines; true for each line of `after` that is not in it.
function compare(before, after) {
  const width = after.length + 1;
  const longest = new Uint16Array((before.length + 1) * width);
  for (let left = before.length - 1; left >= 0; left -= 1) {
    for (let right = after.length - 1; right >= 0; right -= 1) {
      const at = left * width + right;
      longest[at] = before[left] === after[right] ? longest[at + width + 1] + 1 : Math.max(longest[at + width], longest[at + 1]);
    }
  }
  const isNew = after.map(() => true);
  for (let left = 0, right = 0; left < before.length && right < after.length;) {
    const at = left * width + right;
    if (before[left] === after[right]) {
      isNew[right] = false;
      left += 1;
      right += 1;
    } else if (longest[at + width] >= longest[at + 1]) left += 1;
    else right += 1;
  }
  return isNew;
}

function changes(before, after) {
  const [old, lines] = [before.split("\n"), after.split("\n")];
  const start = common(old, lines);
  const end = common(old.slice(start).reverse(), lines.slice(start).reverse());
  const [oldPart, part] = [old.slice(start, old.length - end), lines.slice(start, lines.length - end)];
  const middle = oldPart.length * part.length > MOST_STEPS ? part.map(() => true) : compare(oldPart, part);
  const isNew = [...lines.slice(0, start).map(() => false), ...middle, ...lines.slice(lines.length - end).map(() => false)];
  return { lines, isNew, gone: oldPart.length - middle.filter((one) => !one).length };
}

const lineCount = (number) => `${number} line${number === 1 ? "" : "s"}`;

// Marks them in the element, and says how many there are.
export function markChanges(element, before) {
  const { lines, isNew, gone } = changes(before, element.textContent);
  element.replaceChildren(...lines.flatMap((line, number) => {
    const end = number < lines.length - 1 ? "\n" : "";
    if (!isNew[number]) return [line + end];
    const mark = document.createElement("ins");
    mark.textContent = line;
    return [mark, end];
  }));
  const count = isNew.filter(Boolean).length;
  const words = [count && `${lineCount(count)} changed`, gone > count && `${lineCount(gone - count)} gone`];
  return words.filter(Boolean).join(", ") || "no change";
}
