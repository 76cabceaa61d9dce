/** What Node.js needs to run a program that is compiled, or is a source as where the tests run from theirs. */
export function loaderOf(program: string): readonly string[] {
  return program.endsWith('.ts') ? ['--import', 'tsx'] : [];
}
