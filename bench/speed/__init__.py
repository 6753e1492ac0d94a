"""Speed, measured side by side with what others use, in one run; each module offers `main()`."""
