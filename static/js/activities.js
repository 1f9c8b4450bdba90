// [data-goes]: a choice that goes into the address. The one of activities learns of those in rows that come later.
document.addEventListener("change", (event) => {
  const choice = event.target.closest("[data-goes]");
  if (!choice) return;
  const address = new URL(location.href);
  for (const place of ["cursor", "line"]) address.searchParams.delete(place);
  address.searchParams.set(choice.dataset.goes, choice.value);
  location.assign(address);
});

const choice = document.querySelector("[data-goes=activity]");
const known = new Set([...(choice?.options ?? [])].map((option) => option.value));

document.addEventListener("live:added", (event) => {
  for (const row of choice ? event.detail.rows : []) {
    const { activity } = row.dataset;
    if (!activity || known.has(activity)) continue;
    known.add(activity);
    const after = [...choice.options].find((option) => Number(option.value) > Number(activity));
    choice.add(new Option(`${activity} ${row.querySelector(".by")?.textContent ?? ""}`, activity), after ?? null);
  }
});
