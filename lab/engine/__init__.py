"""The engine: an experiment, the trainer that carries it out, its time line, its thread."""
