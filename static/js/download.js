// [data-download]: an element's text as a file, without asking the server again.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-download]");
  if (!button) return;
  const content = document.querySelector(button.dataset.download).textContent;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "application/json" }));
  link.download = `${button.dataset.downloadName.replace(/[^\w.-]+/g, "-").slice(0, 80) || "answer"}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
});
