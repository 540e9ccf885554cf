/**
 * Beginning of the name of the folder in the project where a run writes its files before they take their places; the
 * number of its process follows. Only an interrupted run leaves one, and the next run takes it away.
 */
export const STAGING_PREFIX = '.backendai-docker-staging-';
