// When a connection may be dead though it looks open: the network came back, the computer slept, the tab was away.
const TICK = 5_000;
// Timers of hidden tabs run once a minute.
const ASLEEP = 90_000;
const AWAY = 60_000;

// `listener(quiet)`: a connection that brought nothing for `quiet` milliseconds is better opened again. Until `signal` says so.
export function onWake(listener, signal) {
  let ticked = Date.now();
  let hidden = 0;
  const tick = () => {
    const passed = Date.now() - ticked;
    ticked = Date.now();
    if (passed > ASLEEP) listener(0);
  };
  const ticking = setInterval(tick, TICK);
  signal.addEventListener("abort", () => clearInterval(ticking));
  addEventListener("online", () => listener(0), { signal });
  document.addEventListener("resume", () => listener(0), { signal });
  document.addEventListener("visibilitychange", () => {
    tick();
    if (document.hidden) hidden = Date.now();
    // A quiet stream brings nothing either: then this costs one connection for nothing.
    else if (hidden && Date.now() - hidden > AWAY) listener(AWAY);
  }, { signal });
}
