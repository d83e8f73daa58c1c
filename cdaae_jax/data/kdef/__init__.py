"""The Karolinska Directed Emotional Faces as a TFDS data set; `kdef_dataset_builder` holds the builder."""
