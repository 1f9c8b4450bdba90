// [data-whole-time]: a link to this page without the range of time that is chosen.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-whole-time]");
  if (!link) return;
  event.preventDefault();
  const address = new URL(location);
  for (const name of ["after", "before"]) address.searchParams.delete(name);
  location.assign(address);
});
