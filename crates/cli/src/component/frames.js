// Resolves with how smoothly the page is drawn: frames a second over two seconds, and the longest one.
new Promise((resolve) => {
  const LOOK_MS = 2000;
  const began = performance.now();
  let frames = 0;
  let longest = 0;
  let before = began;
  const frame = () => {
    const now = performance.now();
    frames += 1;
    longest = Math.max(longest, now - before);
    before = now;
    if (now - began < LOOK_MS) requestAnimationFrame(frame);
    else resolve({ per_second: (frames * 1000) / (now - began), longest_ms: longest });
  };
  requestAnimationFrame(frame);
});
