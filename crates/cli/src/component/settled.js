// Run in a bare page of the gallery: resolves with its size and its red tiles, when everything in it is alive and drawn.
new Promise((resolve) => {
  const PATIENCE_MS = 10_000;
  const DRAWN_MS = 300;
  const isDone = (element) => element.matches(":defined, .error") || element.localName === "gl-error";
  const waitsFor = () => {
    const root = document.querySelector('[data-role="gallery"]');
    if (document.readyState !== "complete" || !root) return "the page is not there";
    if (document.querySelector('[data-role="connection"]')?.dataset.state !== "connected") return "the page does not reach its hub";
    const dead = [...root.querySelectorAll("[data-component]")].find((each) => !isDone(each));
    if (dead) return `${dead.localName} does not come to life`;
    const outcomes = Object.values(JSON.parse(root.querySelector("[data-stage]").dataset.stage)).map((script) => script.outcome);
    const controls = root.querySelectorAll('[data-component][data-channel]:not([data-direction="output"], .error)');
    const silent = outcomes[0] === "refused" && [...controls].find((each) => each.dataset.receipt !== "refused");
    return silent ? `${silent.localName} does not say that it was refused` : "";
  };
  const show = (waits) => {
    const root = document.documentElement;
    const main = document.querySelector("main") ?? root;
    const tiles = [...document.querySelectorAll(".component.error")].map((tile) => [...tile.children].map((line) => line.textContent).join(": "));
    resolve({ width: root.clientWidth, height: Math.max(1, Math.ceil(main.getBoundingClientRect().bottom)), waits, tiles: [...new Set(tiles)] });
  };
  const end = performance.now() + PATIENCE_MS;
  const look = () => {
    const waits = waitsFor();
    if (waits && performance.now() < end) requestAnimationFrame(look);
    else setTimeout(() => requestAnimationFrame(() => show(waits)), waits ? 0 : DRAWN_MS);
  };
  look();
});
