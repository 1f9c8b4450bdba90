// Every behaviour is a module that finds its own elements by data-*.
import "./answer.js";
import "./copy.js";
import "./download.js";
import "./forms.js";
import "./json-editor.js";
import "./json-kept.js";
import "./keys.js";
import "./live.js";
import "./polling.js";
import "./rehearsal.js";
import "./schema-form.js";
import "./selected.js";
import "./selection.js";
import "./themes.js";
import "./times.js";
