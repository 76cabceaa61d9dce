/** MCubeS, materials. Name, red, green, blue by index. */
export const MCUBES = `
  asphalt 44,160,44; concrete 31,119,180; metal 255,127,14; road_marking 214,39,40; fabric 140,86,75;
  glass 127,127,127; plaster 188,189,34; plastic 255,152,150; rubber 23,190,207; sand 174,199,232; gravel 196,156,148;
  ceramic 197,176,213; cobblestone 247,182,210; brick 199,199,199; grass 219,219,141; wood 158,218,229;
  leaf 57,59,121; water 107,110,207; human 156,158,222; sky 99,121,57`;
