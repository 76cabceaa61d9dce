import sharp from 'sharp';

/**
 * Loaded for its effect, before the first picture from outside is opened. SVG, PDF and dozens of others are programs more
 * than pictures: libvips is kept from opening anything else than these, in the whole process.
 */
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: ['Jpeg', 'Png', 'Tiff', 'Webp'].map((format) => `VipsForeignLoad${format}`),
});
