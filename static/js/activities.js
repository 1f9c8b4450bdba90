// [data-goes]: a choice that goes into the address. The one of activities learns of those in rows that come later.
document.addEventListener("change", (event) => {
  const choice = event.target.closest("[data-goes]");
  if (!choice) return;
  const address = new URL(location.href);
  for (const place of ["cursor", "line"]) address.searchParams.delete(place);
  address.searchParams.set(choice.dataset.goes, choice.value);
  location.assign(address);
});

// More would not be read, and cost time with every row.
const MOST = 500;
const choice = document.querySelector("[data-goes=activity]");
const known = new Set([...(choice?.options ?? [])].map((option) => option.value));

document.addEventListener("live:added", (event) => {
  for (const row of choice ? event.detail.rows : []) {
    const { activity } = row.dataset;
    if (!activity || known.has(activity) || known.size > MOST) continue;
    known.add(activity);
    // Most are the latest.
    const { options } = choice;
    let place = options.length;
    while (place > 1 && Number(options[place - 1].value) > Number(activity)) place -= 1;
    choice.add(new Option(`${activity} ${row.querySelector(".by")?.textContent ?? ""}`, activity), place);
  }
});
