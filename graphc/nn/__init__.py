"""Networks: what layers, losses and initial values are made of."""
