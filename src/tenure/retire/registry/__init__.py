"""The preference register: its entries and states, from the draft to a person's answer."""
