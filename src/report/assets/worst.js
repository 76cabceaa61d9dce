/** The worst frames as small pictures, drawn when they come into sight. */
(() => {
  const { page } = globalThis;
  const OPTIONS = { opacity: 0.6, smooth: false, outlines: false };

  async function draw(button) {
    const canvas = button.querySelector('canvas');
    const { width, height } = page.data.pictures[Number(button.dataset.go)];
    canvas.width = 320;
    canvas.height = Math.round((320 * height) / width);
    const frame = await page.pictures.load(Number(button.dataset.go));
    await page.layers.draw(canvas.getContext('2d'), frame, 'mask', OPTIONS);
  }

  const worst = [...document.querySelectorAll('.worst-frame')];
  const inSight = new IntersectionObserver((entries, observer) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      void draw(target);
    }
  });
  for (const button of worst) {
    inSight.observe(button);
    button.addEventListener('click', () => {
      page.controls.goTo(Number(button.dataset.go));
      page.element('frames').scrollIntoView({ behavior: 'smooth' });
    });
  }
})();
