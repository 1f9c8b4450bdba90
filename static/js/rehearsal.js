// [data-rehearses]: choices whose effect is loaded. Until it is there nothing is chosen: what is sent is what is shown.
document.addEventListener("change", (event) => {
  if (!event.target.closest("[data-rehearses]")) return;
  for (const field of document.querySelectorAll("[data-rehearsed]")) field.value = "";
  // A list that is still on its way would take the choice away again.
  for (const finder of document.querySelectorAll("#choose, #find-point")) htmx.trigger(finder, "htmx:abort");
});

// What the address chooses is in sight, without moving the page.
const chosen = document.querySelector("[data-rehearses] tr:has(:checked)");
const list = chosen?.closest(".points-list");
if (list) list.scrollTop = chosen.offsetTop - list.clientHeight / 2;
