import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a cluster on one machine needs; Debian's `slurm-wlm` and `munge`. */
const PROGRAMS = ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol'];

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
    await sleep(500);
    this.#spawn('slurmctld', ['-D', '-f', at('slurm.conf')]);
    await sleep(1000);
    this.#spawn('slurmd', ['-D', '-f', at('slurm.conf'), '-N', name]);
    for (let attempt = 0; attempt < 60; attempt++) {
      await sleep(500);
      const { stdout } = spawnSync('sinfo', ['--noheader', '--format=%T'], {
        encoding: 'utf8',
        env: { ...process.env, SLURM_CONF: at('slurm.conf') },
      });
      if (stdout.trim() === 'idle') return;
    }
    throw new Error('Expected the node of the cluster to become idle but it did not within 30 s.');
  }

  #spawn(program: string, args: string[]): void {
    const log = openSync(join(this.folder, `${program}.out`), 'a');
    this.#daemons.push(spawn(program, args, { stdio: ['ignore', log, log] }));
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
