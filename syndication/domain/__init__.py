"""The words of the product: frozen values, states, laws. Standard library only; no I/O, no clock."""
