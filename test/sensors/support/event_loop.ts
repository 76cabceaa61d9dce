/** How often the event loop turned until `work` was done. */
export async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let immediate: NodeJS.Immediate;
  const turn = () => {
    turns++;
    immediate = setImmediate(turn);
  };
  immediate = setImmediate(turn);
  await work;
  clearImmediate(immediate);
  return turns;
}
