"""The Radboud Faces Database as a TFDS data set; `rafd_dataset_builder` holds the builder."""
