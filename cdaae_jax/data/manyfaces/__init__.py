"""The ManyFaces set as a TFDS data set; `manyfaces_dataset_builder` holds the builder."""
