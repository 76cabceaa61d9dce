import { decodeMessage, type RawMessage, type TFMessage } from '../../messages/index.js';

/** One frame of a recording: to which it is fixed or in which it moves. */
export interface InspectedFrame {
  name: string;
  parent: string | undefined;
  mobility: 'static' | 'dynamic' | 'root';
}

/** Names of frames on the robot's body by REP-105 and by habit, the ones on the ground first. */
const BODY = [
  /^base_footprint$/,
  /^base_link$/,
  /footprint/,
  /^(chassis|vehicle|ego|car|body|robot|base)\b/,
  /base|chassis|vehicle/,
];
/** Frames a robot moves in are none of its own. */
const WORLD = /^(map|odom|world|earth|utm|local_map|global)$/;

/** More frames than any robot has; a broken recording may have more. */
const MOST_FRAMES = 200;

/** The frames that transforms connect; small and forgiving, for showing what is there. */
export class FrameTree {
  readonly #parents = new Map<string, { parent: string; mobility: 'static' | 'dynamic' }>();
  readonly #names = new Set<string>();

  /** Takes in a message of /tf or /tf_static. */
  add(raw: RawMessage): void {
    const mobility = raw.topic.endsWith('static') ? 'static' : 'dynamic';
    for (const { header, child_frame_id } of decodeMessage<TFMessage>(raw).transforms) {
      this.connect(header.frame_id, child_frame_id, mobility);
    }
  }

  connect(parentId: string, childId: string, mobility: 'static' | 'dynamic'): void {
    const [parent, child] = [parentId, childId].map((id) => id.replace(/^\//, '')) as [string, string];
    this.#names.add(parent).add(child);
    if (parent !== child) this.#parents.set(child, { parent, mobility });
  }

  has(frame: string): boolean {
    return this.#names.has(frame);
  }

  /** The frame, its parent and so on; only up to where something moves, if so wanted. A loop ends it. */
  pathToRoot(frame: string, through: 'all' | 'static' = 'all'): string[] {
    const path = new Set([frame]);
    for (let edge = this.#parents.get(frame); edge !== undefined; edge = this.#parents.get(edge.parent)) {
      if (path.has(edge.parent) || (through === 'static' && edge.mobility === 'dynamic')) break;
      path.add(edge.parent);
    }
    return [...path];
  }

  /**
   * The frame heights are best measured in, as far as names tell: of all frames that the sensors' frames are fixed to,
   * one that is called as bodies are, else the one all the others hang on.
   */
  likelyBase(sensorFrames: readonly string[]): string | undefined {
    const known = sensorFrames.filter((frame) => this.#names.has(frame));
    if (known.length === 0) return undefined;
    const paths = known.map((frame) => this.pathToRoot(frame, 'static').filter((name) => !WORLD.test(name)));
    const common = (paths[0] ?? []).filter((name) => paths.every((path) => path.includes(name)));
    const bodies = [...new Set([...this.#names])].filter((name) => !sensorFrames.includes(name));
    for (const pattern of BODY) {
      const found =
        common.find((name) => pattern.test(name)) ??
        bodies.find(
          (name) => pattern.test(name) && this.pathToRoot(name, 'static').some((above) => common.includes(above)),
        );
      if (found !== undefined) return found;
    }
    return common.findLast((name) => !sensorFrames.includes(name));
  }

  /** Frames, those a frame carries below it; of very many only the first. */
  list(): InspectedFrame[] {
    const children = new Map<string, string[]>();
    for (const [child, { parent }] of this.#parents) append(children, parent, child);
    const listed = new Map<string, InspectedFrame>();
    // What has no parent first; what is left then hangs in a loop.
    const roots = [...this.#names].sort((a, b) => Number(this.#parents.has(a)) - Number(this.#parents.has(b)));
    for (const root of roots) {
      const waiting = [root];
      for (let name = waiting.pop(); name !== undefined && listed.size < MOST_FRAMES; name = waiting.pop()) {
        if (listed.has(name)) continue;
        const edge = this.#parents.get(name);
        listed.set(name, { name, parent: edge?.parent, mobility: edge?.mobility ?? 'root' });
        waiting.push(...(children.get(name) ?? []).toReversed());
      }
    }
    return [...listed.values()];
  }
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
