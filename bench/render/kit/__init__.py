"""What tables, figures and sentences are made of, whatever the writer."""
