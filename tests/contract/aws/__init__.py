"""What every AWS type promises, through the real SDK against the emulated AWS."""
