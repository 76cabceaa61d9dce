export { FramePublisher } from './frame_publisher.js';
export { OutputPublishers } from './output_publishers.js';
