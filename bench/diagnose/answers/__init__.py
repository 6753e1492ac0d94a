"""What two networks answer to the same images: accuracy, agreement, calibration, who is hurt."""
