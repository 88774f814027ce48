<?php
// Laravel's queue: `php peer.php fill N` pushes N no-op jobs; `php peer.php work` is a worker as `queue:work` runs it.
require '/usr/share/php/Illuminate/autoload.php';

use Illuminate\Container\Container;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Events\Dispatcher;
use Illuminate\Queue\Capsule\Manager;
use Illuminate\Queue\Worker;
use Illuminate\Queue\WorkerOptions;
use Illuminate\Redis\RedisManager;

class Noop
{
    public function fire($job, $data)
    {
        $job->delete();
    }
}

$url = parse_url(getenv('REDIS_URL'));
$app = new Container();
Container::setInstance($app);
$server = ['host' => $url['host'], 'port' => $url['port'], 'database' => 0];
$app->instance('redis', new RedisManager($app, 'phpredis', ['default' => $server]));
$app->instance('events', new Dispatcher($app));
$queue = new Manager($app);
$settings = ['driver' => 'redis', 'connection' => 'default', 'queue' => 'default', 'retry_after' => 90, 'block_for' => null];
$queue->addConnection($settings);
$queue->getQueueManager()->addConnector('redis', fn () => new Illuminate\Queue\Connectors\RedisConnector($app['redis']));

if ($argv[1] === 'fill') {
    $payload = ['data' => str_repeat('x', 200 - strlen('{"data":""}'))];
    for ($left = (int) $argv[2]; $left > 0; $left -= 1000) {
        $queue->getConnection()->bulk(array_fill(0, min($left, 1000), 'Noop'), $payload);
    }
    exit(0);
}
$handler = new class implements ExceptionHandler {
    public function report(Throwable $e) { fwrite(STDERR, $e . "\n"); }
    public function shouldReport(Throwable $e) { return true; }
    public function render($request, Throwable $e) {}
    public function renderForConsole($output, Throwable $e) { fwrite(STDERR, $e . "\n"); }
};
$worker = new Worker($queue->getQueueManager(), $app['events'], $handler, fn () => false);
$worker->daemon('default', 'default', new WorkerOptions());
