// A row's element. Its html comes from our server, which has escaped what upstream wrote; in a template nothing runs.
export function rowOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}
