// The rows can be read before the behaviours are there, some eighty small files: those come after the first paint. A
// hidden tab paints nothing, and waits for nothing.
import "./polling.js";

const begin = () => { import("./app.js"); };
if (document.hidden) begin();
else requestAnimationFrame(() => setTimeout(begin));
