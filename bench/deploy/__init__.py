"""Networks of packed files as others run them: plain modules, files for other runtimes, and what running them takes."""
