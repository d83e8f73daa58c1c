"""The Extended Cohn-Kanade set (CK+) as a TFDS data set; `ck_plus_dataset_builder` holds the builder."""
