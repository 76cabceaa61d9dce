import { printable } from '../text/index.js';
import type { Check } from './judge.js';

/** What was run, and how each scenario stood to its bounds. */
export interface Judgement {
  title: string;
  /** What the names of the test cases begin with; default `dropout`. */
  kind?: string;
  scenarios: readonly { name: string; checks: readonly Check[] }[];
  /** Why not all scenarios were run; such a judgement fails. */
  partialBecause?: string;
}

/** How a file of {@link junitXml} says who made it. */
export const JUNIT_MARK = /<testsuites name="mle-sam /;

/**
 * A judgement as JUnit XML: a suite a scenario, a test case a bound, so that a CI shows which promise was broken.
 * Without times, so that the same run gives the same file.
 */
export function junitXml({ title, kind = 'dropout', scenarios: run, partialBecause }: Judgement): string {
  const unfinished: Check = { name: 'end of the run', bound: 'reached', value: null, verdict: 'failed' };
  const scenarios =
    partialBecause === undefined ? run : [...run, { name: `partial: ${partialBecause}`, checks: [unfinished] }];
  const all = scenarios.flatMap(({ checks }) => checks);
  const broken = (checks: readonly Check[]) => checks.filter(({ verdict }) => verdict === 'failed').length;
  const suites = scenarios.map(({ name, checks }) => {
    const cases = checks.map((check) => {
      const head = `    <testcase classname="${attribute(`${kind}.${name}`)}" name="${attribute(`${check.name} ${check.bound}`)}"`;
      if (check.verdict === 'passed') return `${head}/>`;
      const value = check.value === null ? 'nothing' : String(check.value);
      const message = attribute(`Expected ${check.bound} for ${check.name} but received ${value}`);
      return `${head}>\n      <failure message="${message}"/>\n    </testcase>`;
    });
    const counts = `tests="${checks.length}" failures="${broken(checks)}"`;
    return [`  <testsuite name="${attribute(name)}" ${counts}>`, ...cases, '  </testsuite>'].join('\n');
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="${attribute(title)}" tests="${all.length}" failures="${broken(all)}">`,
    ...suites,
    '</testsuites>',
    '',
  ].join('\n');
}

/** Text in an XML attribute; characters XML 1.0 cannot hold are left out. */
function attribute(text: string): string {
  return printable(text)
    .replace(/[^\t\n\r\u0020-\uFFFD]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
