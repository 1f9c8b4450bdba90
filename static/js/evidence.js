// [data-evidence]: a link to a file that is collected while it comes. The words beside it say that it is under way; the
// browser's own list of downloads says how far.
const AGAIN = 5_000;

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-evidence]");
  if (!link) return;
  if (link.dataset.begun && Date.now() - link.dataset.begun < AGAIN) {
    event.preventDefault();
    return;
  }
  link.dataset.begun = Date.now();
  const words = link.parentElement.querySelector("[data-evidence-words]");
  words.textContent = "is being collected while it downloads: a long history takes some seconds. Its manifest says whether all is in it.";
});
