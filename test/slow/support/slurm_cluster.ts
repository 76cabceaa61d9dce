import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a cluster on one machine needs; Debian's `slurm-wlm` and `munge`. */
const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol'];

/** Each part of a cluster is there well before, on any machine. */
const LONGEST_START_MS = 60_000;

/** Why no cluster can be started here; undefined where it can. */
export function whyNoSlurm(): string | undefined {
  if (process.getuid?.() !== 0) return 'Slurm is started by root only';
  const missing = PROGRAMS.find((name) => spawnSync('which', [name]).status !== 0);
  return missing === undefined ? undefined : `${missing} is not installed: apt install slurm-wlm munge`;
}

/** Slurm on this machine alone, with ports, keys and files of its own; ended with `stop`. */
export class SlurmCluster {
  readonly folder: string;
  readonly #daemons: ChildProcess[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(mkdtempSync(join(tmpdir(), 'mle-sam-slurm-')));
    try {
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Runs one of Slurm's commands. */
  run(program: string, ...args: string[]): string {
    const env = { ...process.env, SLURM_CONF: join(this.folder, 'slurm.conf') };
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: this.folder, encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  /** State of each task of a job by its name, as `12_0`; tasks that are through are gone after a while. */
  states(job: string): Map<string, string> {
    const lines = this.run('squeue', '--noheader', '--array', '--states=all', `--jobs=${job}`, '--format=%i %T');
    return new Map(lines.split('\n').map((line) => line.trim().split(' ') as [string, string]));
  }

  async stop(): Promise<void> {
    for (const daemon of this.#daemons.reverse()) {
      if (daemon.exitCode !== null || daemon.signalCode !== null) continue;
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill('SIGTERM');
      await Promise.race([ended, sleep(5000).then(() => daemon.kill('SIGKILL'))]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const at = (name: string) => join(this.folder, name);
    for (const name of ['state', 'spool']) mkdirSync(at(name));
    writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o400 });
    const [controller, daemon] = [await freePort(), await freePort()];
    const name = hostname().split('.')[0]!;
    writeFileSync(
      at('slurm.conf'),
      [
        'ClusterName=mlesam',
        `SlurmctldHost=${name}(127.0.0.1)`,
        `SlurmctldPort=${controller}`,
        `SlurmdPort=${daemon}`,
        'AuthType=auth/munge',
        `AuthInfo=socket=${at('munge.socket')}`,
        'CredType=cred/munge',
        'SlurmUser=root',
        'SlurmdUser=root',
        `StateSaveLocation=${at('state')}`,
        `SlurmdSpoolDir=${at('spool')}`,
        `SlurmctldPidFile=${at('slurmctld.pid')}`,
        `SlurmdPidFile=${at('slurmd.pid')}`,
        'ProctrackType=proctrack/linuxproc',
        'TaskPlugin=task/none',
        'SelectType=select/cons_tres',
        'SelectTypeParameters=CR_Core',
        'JobAcctGatherType=jobacct_gather/none',
        'MpiDefault=none',
        'ReturnToService=2',
        'KillWait=2',
        'MinJobAge=3600',
        'SchedulerParameters=sched_interval=1,bf_interval=1',
        `NodeName=${name} NodeAddr=127.0.0.1 CPUs=${availableParallelism()} State=UNKNOWN`,
        `PartitionName=all Nodes=${name} Default=YES MaxTime=INFINITE State=UP`,
        '',
      ].join('\n'),
    );
    this.#spawn('munged', [
      '--foreground',
      '--force',
      `--socket=${at('munge.socket')}`,
      `--key-file=${at('munge.key')}`,
      `--pid-file=${at('munge.pid')}`,
      `--seed-file=${at('munge.seed')}`,
      `--log-file=${at('munge.log')}`,
    ]);
    await until('a socket of munged', () => existsSync(at('munge.socket')));
    this.#spawn('slurmctld', ['-D', '-f', at('slurm.conf')]);
    await until('an answer of slurmctld', () => this.#answers('scontrol', 'ping') !== undefined);
    this.#spawn('slurmd', ['-D', '-f', at('slurm.conf'), '-N', name]);
    await until('an idle node', () => this.#answers('sinfo', '--noheader', '--format=%T') === 'idle');
  }

  /** What a command prints; undefined where it fails. */
  #answers(program: string, ...args: string[]): string | undefined {
    try {
      return this.run(program, ...args);
    } catch {
      return undefined;
    }
  }

  #spawn(program: string, args: string[]): void {
    const log = openSync(join(this.folder, `${program}.out`), 'a');
    this.#daemons.push(spawn(program, args, { stdio: ['ignore', log, log] }));
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + LONGEST_START_MS;
  for (; !holds(); await sleep(200)) {
    if (performance.now() > deadline)
      throw new Error(`Expected ${what} but there was none in ${LONGEST_START_MS / 1000} s.`);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
