"""Which laws does every journal keep? They are collected, and explained, in `journals.contract`."""
