/** Says what the cell of the confusion matrix under the pointer, or under a finger that moves over it, stands for. */
(() => {
  const matrix = document.getElementById('confusion-matrix');
  const note = document.getElementById('confusion-note');
  let told;

  function tell(element) {
    const cell = element?.closest?.('td[data-told]');
    if (!cell || cell === told) return;
    told?.classList.remove('told');
    cell.classList.add('told');
    told = cell;
    note.textContent = cell.dataset.told;
  }

  for (const event of ['pointerover', 'focusin', 'click']) {
    matrix?.addEventListener(event, ({ target }) => tell(target));
  }
  // A finger stays with the element it came down on.
  matrix?.addEventListener('pointermove', ({ clientX, clientY }) => tell(document.elementFromPoint(clientX, clientY)));
})();
