"""What the pages share: the job panel, the viewers, downloads, the reproduce box, the state of the installation."""
