// Every behaviour is a module that finds its own elements by data-*.
import "./activities.js";
import "./answer.js";
import "./axis.js";
import "./clock.js";
import "./copy.js";
import "./download.js";
import "./evidence.js";
import "./find.js";
import "./forms.js";
import "./json-editor.js";
import "./json-kept.js";
import "./kept.js";
import "./keys.js";
import "./list.js";
import "./live.js";
import "./opened.js";
import "./polling.js";
import "./held.js";
import "./rehearsal.js";
import "./retry.js";
import "./row-count.js";
import "./row-tools.js";
import "./schema-form.js";
import "./selected.js";
import "./selection.js";
import "./status.js";
import "./tasks.js";
import "./themes.js";
import "./times.js";
import "./watch.js";
import "./waterfall.js";
import "./whole-time.js";
import "./windows.js";
import "./wrap.js";

// Pages say when they can be worked with.
document.documentElement.dataset.ready = "";
