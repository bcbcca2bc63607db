// Makes a page hold still and says where the masks are. Runs beside the page's own scripts, which cannot change it.
(async (masks) => {
  const hidden = ['input[type=password]', ...masks].filter((selector) => CSS.supports(`selector(${selector})`));
  if (hidden.length !== masks.length + 1) {
    return { wrong: masks.findIndex((selector) => !CSS.supports(`selector(${selector})`)) };
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    *, *::before, *::after {
      animation-delay: 0s !important; animation-duration: 0s !important; animation-iteration-count: 1 !important;
      transition: none !important; caret-color: transparent !important; scroll-behavior: auto !important;
    }
    ${hidden.map((selector) => `:is(${selector}), :is(${selector}) *`).join(', ')} { visibility: hidden !important; }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  const soon = (wait) => Promise.race([wait, new Promise((done) => setTimeout(done, 2000))]);
  await soon(document.fonts.ready);
  await soon(Promise.all([...document.images].filter((image) => image.complete).map((image) => image.decode().catch(() => 0))));
  for (const animation of document.getAnimations()) {
    try { animation.finish(); } catch { animation.cancel(); }
  }
  document.activeElement?.blur?.();
  scrollTo(0, 0);
  await soon(new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const found = hidden.flatMap((selector) => [...document.querySelectorAll(selector)]).slice(0, 1000);
  const masked = found.map((element) => element.getBoundingClientRect()).map((at) =>
    ({ x: at.x + scrollX, y: at.y + scrollY, width: at.width, height: at.height }));
  const root = document.scrollingElement ?? document.documentElement;
  return { masked, height: root.scrollHeight };
})
