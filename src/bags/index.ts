export type { BagInfo, BagReader, MessageQuery, QosProfile, TopicInfo } from './bag.js';
export { BagWriter, type BagWriterOptions, type OutgoingMessage, type TopicOptions } from './bag_writer.js';
export { type OpenBagOptions, openBag } from './open_bag.js';
export { defaultQos } from './qos.js';
