/** Everything stands: the first picture is drawn. */
(() => {
  const { page } = globalThis;
  page.setPalette('bundle');
  if (page.viewer) page.viewer.go(page.data.opening);
})();
