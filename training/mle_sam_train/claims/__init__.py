"""The claim of the method against fair counterparts: equal data, steps and augmentation, one table."""
