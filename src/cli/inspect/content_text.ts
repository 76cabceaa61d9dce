import type { TopicContent } from '../../pipeline/index.js';

/** What a first message says, in a few words: `rgb8 640x480`. */
export function contentText(content: TopicContent | undefined): string {
  switch (content?.kind) {
    case undefined:
      return '';
    case 'image':
    case 'events':
      return `${content.encoding} ${content.width}x${content.height}`;
    case 'compressed-image': {
      const size = content.width === undefined ? '' : ` ${content.width}x${content.height}`;
      return `"${content.format}"${size}`;
    }
    case 'points':
      return `${content.fields.join(' ')}, ${content.points} points`;
    case 'camera-info':
      return `${content.distortionModel === '' ? 'no distortion model' : content.distortionModel} ${content.width}x${content.height}`;
    case 'unreadable':
      return 'unreadable';
  }
}
