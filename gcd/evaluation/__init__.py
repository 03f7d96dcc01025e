"""How good the models are: the paper's figures and the quality bars as tables and plots in `results/`."""
