import { NO_TRACING, type Tracing } from './tracing.js';

type Env = Readonly<Record<string, string | undefined>>;

/** Whether the standard variables of OpenTelemetry ask for traces. */
const areWanted = (env: Env): boolean =>
  Boolean(env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || env['OTEL_EXPORTER_OTLP_ENDPOINT']) &&
  env['OTEL_SDK_DISABLED']?.toLowerCase() !== 'true' &&
  env['OTEL_TRACES_EXPORTER'] !== 'none';

/** Traces to the OTLP endpoint of the environment; without one the packages for it are not even loaded. */
export const openTracing = async (env: Env, onError: (error: unknown) => void): Promise<Tracing> => {
  if (!areWanted(env)) return NO_TRACING;
  const { openOtlpTracing } = await import('./otlp-tracing.js');
  return openOtlpTracing(onError);
};
