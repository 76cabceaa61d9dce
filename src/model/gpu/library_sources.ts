/** Where a library that a provider needs comes from. */
export interface LibrarySource {
  /** Requirement for pip, or undefined where no wheel has it. */
  wheel: string | undefined;
  /** In words, where it is part of something larger. */
  from: string;
}

/** The wheels of NVIDIA for CUDA 13, which onnxruntime-gpu 1.30 on PyPI is built for; TensorRT 11 renamed its libraries. */
const SOURCES: readonly [library: RegExp, LibrarySource][] = [
  [/^libcuda\.so/, { wheel: undefined, from: "NVIDIA's driver, 580 or newer" }],
  [/^libcudart\.so\.13/, { wheel: 'nvidia-cuda-runtime~=13.0', from: 'CUDA 13' }],
  [/^libcublas(Lt)?\.so\.13/, { wheel: 'nvidia-cublas~=13.0', from: 'CUDA 13' }],
  [/^libcurand\.so\.10/, { wheel: 'nvidia-curand~=10.0', from: 'CUDA 13' }],
  [/^libcufft\.so\.12/, { wheel: 'nvidia-cufft~=12.0', from: 'CUDA 13' }],
  [/^libnvrtc\.so\.13/, { wheel: 'nvidia-cuda-nvrtc~=13.0', from: 'CUDA 13' }],
  [/^libcudnn\.so\.9/, { wheel: 'nvidia-cudnn-cu13~=9.0', from: 'cuDNN 9' }],
  [/^libnvinfer(_plugin)?\.so\.10/, { wheel: 'tensorrt-cu13-libs>=10,<11', from: 'TensorRT 10' }],
  [/^libnvonnxparser\.so\.10/, { wheel: 'tensorrt-cu13-libs>=10,<11', from: 'TensorRT 10' }],
];

export function sourceOf(library: string): LibrarySource | undefined {
  return SOURCES.find(([pattern]) => pattern.test(library))?.[1];
}

/** What brings missing libraries, in a phrase that can be followed wherever the package is installed. */
export function whereFrom(missing: readonly string[]): string {
  const sources = missing.map(sourceOf);
  const from = [...new Set(sources.map((source) => source?.from ?? 'what asks for it'))].join(', ');
  const wheels = [...new Set(sources.flatMap((source) => source?.wheel ?? []))];
  if (wheels.length === 0) return `install ${from}`;
  const requirements = wheels.map((wheel) => `'${wheel}'`).join(' ');
  return `install ${from}, or the wheels ${requirements} with pip and put their lib folders on LD_LIBRARY_PATH`;
}

/**
 * One line a missing library, then what brings all that pip can bring.
 * @param folder - where pip is to put the wheels; their libraries must be on LD_LIBRARY_PATH before Node starts
 */
export function howToGet(missing: readonly string[], folder: string): string[] {
  const lines = missing.map((library) => `  ${library}: ${sourceOf(library)?.from ?? 'unknown: see what asks for it'}`);
  const wheels = [...new Set(missing.flatMap((library) => sourceOf(library)?.wheel ?? []))];
  if (wheels.length === 0) return lines;
  return [
    ...lines,
    'Install them with your system, or from PyPI:',
    `  python3 -m pip install --no-deps --target ${folder} ${wheels.map((wheel) => `'${wheel}'`).join(' ')}`,
    `  export LD_LIBRARY_PATH=$(find ${folder} -name '*.so*' -printf '%h\\n' | sort -u | paste -sd:):$LD_LIBRARY_PATH`,
  ];
}
