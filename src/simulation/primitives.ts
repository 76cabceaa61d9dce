/** Shapes the ray caster knows; every one has an analytic intersection. */
export const SHAPE = { box: 0, frustum: 1, ellipsoid: 2, capsule: 3 } as const;

/** Surface patterns; `object_texture.ts` says what each looks like, `cutouts.ts` which have holes. */
export const TEXTURE = {
  plain: 0,
  facade: 1,
  brick: 2,
  concrete: 3,
  roof: 4,
  slats: 5,
  mesh: 6,
  metal: 7,
  roundSign: 8,
  boardSign: 9,
  foliage: 10,
  bark: 11,
  paint: 12,
  glasshouse: 13,
  cargo: 14,
  cloth: 15,
  wheel: 16,
  lamp: 17,
  spokes: 18,
  plaster: 19,
} as const;

/** How a part looks to every sensor. */
export interface Material {
  readonly classId: number;
  readonly texture: number;
  /** Linear albedo, 0..1. */
  readonly color: readonly [red: number, green: number, blue: number];
  readonly secondColor?: readonly [red: number, green: number, blue: number];
  /** LiDAR reflectivity at normal incidence, 0..1; retro-reflectors exceed 1. Default: from the colour. */
  readonly reflectivity?: number;
  /** Own light, relative radiance. */
  readonly emission?: number;
  readonly seed?: number;
}

/** Numbers a primitive has in `geometry`. */
export const GEOMETRY_STRIDE = 12;
/** Numbers a primitive has in `appearance`: colour, second colour, reflectivity, emission. */
export const APPEARANCE_STRIDE = 8;

/**
 * Growing list of primitives as parallel typed arrays, in world coordinates.
 *
 * `geometry`, box: centre xyz, half extents xyz (along the yawed axes), cos yaw, sin yaw. Frustum: the same, half
 * extents at its bottom, then the x of the top's front and rear and the half width of its top. Ellipsoid: centre, radii,
 * cos yaw, sin yaw. Capsule: end a xyz, end b xyz, radius.
 */
export class Primitives {
  count = 0;
  shape = new Uint8Array(256);
  classId = new Uint8Array(256);
  texture = new Uint8Array(256);
  seed = new Int32Array(256);
  geometry = new Float64Array(256 * GEOMETRY_STRIDE);
  appearance = new Float64Array(256 * APPEARANCE_STRIDE);

  /** Forgets all primitives from index `count` on: what moves is appended anew each frame. */
  truncate(count: number): void {
    this.count = count;
  }

  /** Opens a new primitive; the caller fills its geometry at the returned index * GEOMETRY_STRIDE. */
  append(shape: number, material: Material): number {
    const index = this.count;
    if (index === this.shape.length) this.#grow();
    this.count = index + 1;
    this.shape[index] = shape;
    this.classId[index] = material.classId;
    this.texture[index] = material.texture;
    this.seed[index] = material.seed ?? 0;
    const [red, green, blue] = material.color;
    const second = material.secondColor ?? material.color;
    this.appearance.set(
      [red, green, blue, ...second, material.reflectivity ?? 0.15 + 0.7 * green, material.emission ?? 0],
      index * APPEARANCE_STRIDE,
    );
    return index;
  }

  #grow(): void {
    const copy = <T extends Uint8Array | Int32Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.shape = copy(this.shape, new Uint8Array(2 * this.shape.length));
    this.classId = copy(this.classId, new Uint8Array(2 * this.classId.length));
    this.texture = copy(this.texture, new Uint8Array(2 * this.texture.length));
    this.seed = copy(this.seed, new Int32Array(2 * this.seed.length));
    this.geometry = copy(this.geometry, new Float64Array(2 * this.geometry.length));
    this.appearance = copy(this.appearance, new Float64Array(2 * this.appearance.length));
  }
}

/** Adds parts given in an object's own frame (x forward, y left, z up) at the place where the object stands. */
export class Pen {
  readonly primitives: Primitives;
  #x = 0;
  #y = 0;
  #z = 0;
  #cos = 1;
  #sin = 0;

  constructor(primitives: Primitives) {
    this.primitives = primitives;
  }

  moveTo(x: number, y: number, z: number, yaw: number): this {
    this.#x = x;
    this.#y = y;
    this.#z = z;
    this.#cos = Math.cos(yaw);
    this.#sin = Math.sin(yaw);
    return this;
  }

  /** Box by centre and half extents. */
  box(material: Material, x: number, y: number, z: number, hx: number, hy: number, hz: number): void {
    this.#yawed(SHAPE.box, material, x, y, z, hx, hy, hz);
  }

  /** Box whose top is smaller: its front and rear lie at x = `topFront` and `topRear`, its sides at y = +-`topHalf`. */
  frustum(
    material: Material,
    centre: readonly [x: number, y: number, z: number],
    half: readonly [x: number, y: number, z: number],
    top: { readonly front: number; readonly rear: number; readonly half: number },
  ): void {
    const at = this.#yawed(SHAPE.frustum, material, centre[0], centre[1], centre[2], half[0], half[1], half[2]);
    this.primitives.geometry.set([top.front, top.rear, top.half], at + 8);
  }

  ellipsoid(material: Material, x: number, y: number, z: number, rx: number, ry: number, rz: number): void {
    this.#yawed(SHAPE.ellipsoid, material, x, y, z, rx, ry, rz);
  }

  /** Cylinder with round ends between two points. */
  capsule(
    material: Material,
    from: readonly [x: number, y: number, z: number],
    to: readonly [x: number, y: number, z: number],
    radius: number,
  ): void {
    const at = this.primitives.append(SHAPE.capsule, material) * GEOMETRY_STRIDE;
    const g = this.primitives.geometry;
    g[at] = this.#worldX(from[0], from[1]);
    g[at + 1] = this.#worldY(from[0], from[1]);
    g[at + 2] = this.#z + from[2];
    g[at + 3] = this.#worldX(to[0], to[1]);
    g[at + 4] = this.#worldY(to[0], to[1]);
    g[at + 5] = this.#z + to[2];
    g[at + 6] = radius;
  }

  #yawed(shape: number, m: Material, x: number, y: number, z: number, hx: number, hy: number, hz: number): number {
    const at = this.primitives.append(shape, m) * GEOMETRY_STRIDE;
    const g = this.primitives.geometry;
    g[at] = this.#worldX(x, y);
    g[at + 1] = this.#worldY(x, y);
    g[at + 2] = this.#z + z;
    g[at + 3] = hx;
    g[at + 4] = hy;
    g[at + 5] = hz;
    g[at + 6] = this.#cos;
    g[at + 7] = this.#sin;
    return at;
  }

  #worldX(x: number, y: number): number {
    return this.#x + this.#cos * x - this.#sin * y;
  }

  #worldY(x: number, y: number): number {
    return this.#y + this.#sin * x + this.#cos * y;
  }
}
